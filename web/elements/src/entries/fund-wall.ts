export * from "../wall/fund-wall";
