import "@billing/elements";
import { html, nothing, type TemplateResult } from "lit";
import { openPage } from "./open-page";
import { PageElement } from "./page-element";

/** `/supporters`: everybody who wants to be named. */
class SupportersPage extends PageElement {
  protected override heading(): string {
    return this.texts.supporters.heading(this.recipient);
  }

  protected override content(): TemplateResult {
    const { config } = this.services;
    const texts = this.texts.supporters;
    return html`<div class="lead">
        <h1>${this.heading()}</h1>
        <p>${texts.lead}</p>
      </div>
      <div class="card">
        <fund-wall
          period="all"
          filter
          heading-level="2"
          limit="60"
          api-base=${config.api_base}
          tenant=${config.tenant || nothing}
        ></fund-wall>
      </div>
      <p class="call"><a class="button" href="/support">${texts.join}</a></p>`;
  }
}

customElements.define("supporters-page", SupportersPage);
void openPage(SupportersPage);
