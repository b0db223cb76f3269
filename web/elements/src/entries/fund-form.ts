export * from "../form/fund-form";
