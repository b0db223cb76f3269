import { Component } from "react";
import type { ReactNode } from "react";

import { useTranslation } from "../i18n/use-translation";
import { LostPage, renewFailedPages } from "../lazy-page";
import { Banner } from "./banner";
import { Button } from "./button";

interface Props {
  /** Another place is another try. */
  place: string;
  children: ReactNode;
}

interface State {
  failedAt: string | null;
  isLost: boolean;
  /** How often the code of a page was asked for again at this place. */
  retries: number;
}

/**
 * A page that breaks, or whose code does not come, breaks alone. Code that did not come is asked for
 * again, and what is known elsewhere stays; what breaks is loaded anew as a whole.
 */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { failedAt: null, isLost: false, retries: 0 };

  static getDerivedStateFromError(error: unknown) {
    return { failedAt: "", isLost: error instanceof LostPage };
  }

  override componentDidCatch() {
    this.setState({ failedAt: this.props.place });
  }

  override componentDidUpdate(before: Props) {
    const { failedAt } = this.state;
    if (failedAt && failedAt !== this.props.place) this.again(0);
    else if (before.place !== this.props.place) this.setState({ retries: 0 });
  }

  again(retries: number) {
    renewFailedPages();
    this.setState({ failedAt: null, retries });
  }

  override render() {
    const { failedAt, isLost, retries } = this.state;
    if (failedAt === null) return this.props.children;
    if (!isLost) return <Crash />;
    return <Lost wasRetried={retries > 0} retry={() => this.again(retries + 1)} />;
  }
}

/** Some browsers keep a failed module failed, and an update takes old ones away: then all anew. */
function Lost({ wasRetried, retry }: { wasRetried: boolean; retry: () => void }) {
  const { t } = useTranslation();
  return (
    <Banner
      tone="warn"
      role="alert"
      title={t("lost.title")}
      action={
        <>
          <Button onClick={retry}>{t("retry")}</Button>
          {wasRetried && <Reload />}
        </>
      }
    >
      {t(wasRetried ? "lost.still" : "lost.text")}
    </Banner>
  );
}

function Crash() {
  const { t } = useTranslation();
  return (
    <Banner tone="bad" role="alert" title={t("crash.title")} action={<Reload />}>
      {t("crash.text")}
    </Banner>
  );
}

function Reload() {
  const { t } = useTranslation();
  return <Button onClick={() => window.location.reload()}>{t("crash.reload")}</Button>;
}
