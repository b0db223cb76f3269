export * from "../progress/fund-progress";
