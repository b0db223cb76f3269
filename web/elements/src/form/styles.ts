import { css } from "lit";

export const styles = css`
  :host {
    container-type: inline-size;
  }

  /** As high as what comes, so that nothing below it moves. */
  .loading {
    min-height: 36rem;
  }

  .all {
    display: grid;
    gap: 1.5rem;
  }

  legend,
  .field > span {
    padding: 0;
    margin-bottom: 0.5rem;
    font-weight: 600;
  }

  .amounts {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(6.5rem, 100%), 1fr));
    gap: 0.5rem;
  }

  .amount {
    position: relative;
    display: grid;
    text-align: center;
  }

  .amount input {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }

  .amount span {
    display: grid;
    place-items: center;
    min-height: 3rem;
    padding: 0.5rem;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    font-weight: 600;
  }

  .amount input:checked + span {
    border-color: var(--_accent);
    background: var(--_accent);
    color: var(--_on-accent);
  }

  .amount input:focus-visible + span {
    outline: 3px solid var(--_accent);
    outline-offset: 2px;
  }

  .field {
    display: grid;
  }

  .amounts + .field {
    margin-top: 1rem;
  }

  input[type="text"],
  input[type="email"],
  textarea {
    width: 100%;
    min-height: 2.75rem;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    background: var(--fund-field, transparent);
  }

  #other {
    max-width: 12rem;
  }

  textarea {
    resize: vertical;
  }

  ::placeholder {
    color: var(--_quiet);
    opacity: 1;
  }

  [aria-invalid="true"] {
    border-color: var(--_danger);
    outline-color: var(--_danger);
  }

  .quiet,
  .error {
    margin-top: 0.375rem;
  }

  .error,
  .failure {
    color: var(--_danger);
  }

  .error {
    font-size: 0.875em;
  }

  .failure:not([hidden]) {
    padding: 0.75rem 1rem;
    border: 1px solid;
    border-radius: var(--_radius);
  }

  .failure a {
    color: inherit;
  }

  .tick {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 0.75rem;
    align-items: start;
    min-height: 2.75rem;
    padding: 0.625rem 0;
    cursor: pointer;
  }

  .tick input {
    width: 1.375rem;
    height: 1.375rem;
    margin: 0.0625rem 0 0;
    accent-color: var(--_accent);
  }

  .under {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 1rem;
  }

  #message-left {
    margin-left: auto;
  }

  .submit {
    width: 100%;
    min-height: 3.25rem;
    border-color: var(--_accent);
    background: var(--_accent);
    color: var(--_on-accent);
    font-size: 1.0625em;
    font-weight: 600;
  }

  [part="notes"] {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 0 1.25rem;
    margin-top: 0.75rem;
    text-align: center;
  }
`;
