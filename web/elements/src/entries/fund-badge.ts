export * from "../badge/fund-badge";
