import { Route, Routes } from "react-router";
import { NotFound } from "../not-found";
import { AuditPage } from "./audit";
import { MailPage } from "./mail";
import { MessagesPage } from "./messages";
import { OverviewPage } from "./overview";
import { PaymentsPage } from "./payments";
import { PricesPage } from "./prices";
import { SwitchesPage } from "./switches";
import { UserEntriesPage } from "./user/entries-page";
import { UserPage } from "./user/user";
import { UsersPage } from "./users";

/** The administrators' part. The gateway refuses everybody else; the navigation only does not show it to them. */
export default function Admin() {
  return (
    <Routes>
      <Route index element={<OverviewPage />} />
      <Route path="users" element={<UsersPage />} />
      <Route path="users/:id" element={<UserPage />} />
      <Route path="users/:id/entries" element={<UserEntriesPage />} />
      <Route path="payments" element={<PaymentsPage />} />
      <Route path="prices" element={<PricesPage />} />
      <Route path="messages" element={<MessagesPage />} />
      <Route path="mail" element={<MailPage />} />
      <Route path="switches" element={<SwitchesPage />} />
      <Route path="audit" element={<AuditPage />} />
      <Route path="*" element={<NotFound />} />
    </Routes>
  );
}
