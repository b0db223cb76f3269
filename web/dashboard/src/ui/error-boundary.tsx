import { Component } from "react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Banner } from "./banner";
import { Button } from "./button";

interface Props {
  /** Another place is another try. */
  place: string;
  children: ReactNode;
}

/**
 * A page that breaks, or whose code is no longer there after an update, breaks alone. It is loaded
 * anew as a whole: a module that failed once stays failed.
 */
export class ErrorBoundary extends Component<Props, { failedAt: string | null }> {
  override state: { failedAt: string | null } = { failedAt: null };

  static getDerivedStateFromError() {
    return { failedAt: "" };
  }

  override componentDidCatch() {
    this.setState({ failedAt: this.props.place });
  }

  override componentDidUpdate() {
    const { failedAt } = this.state;
    if (failedAt && failedAt !== this.props.place) this.setState({ failedAt: null });
  }

  override render() {
    return this.state.failedAt === null ? this.props.children : <Crash />;
  }
}

function Crash() {
  const { t } = useTranslation();
  return (
    <Banner
      tone="bad"
      role="alert"
      title={t("crash.title")}
      action={<Button onClick={() => window.location.reload()}>{t("crash.reload")}</Button>}
    >
      {t("crash.text")}
    </Banner>
  );
}
