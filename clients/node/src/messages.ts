// `billing-client/messages`: the messages and enums of the core's BalanceService.

export * from "./gen/billing/v1/account_pb.js";
export * from "./gen/billing/v1/balance_pb.js";
export * from "./gen/billing/v1/price_pb.js";
