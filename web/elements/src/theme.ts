import { css } from "lit";

/**
 * Text, font and ground are those of the page: lines and quiet words are mixed of its text colour, so that the
 * elements stand on any ground. Only the accent and the errors have colours of their own, and follow the page's
 * `color-scheme`.
 */
export const theme = css`
  :host {
    --_accent: var(--fund-accent, light-dark(#9b2743, #f0a0b2));
    --_on-accent: var(--fund-on-accent, light-dark(#fff, #2a0d15));
    --_text: var(--fund-text, inherit);
    --_quiet: var(--fund-quiet, color-mix(in srgb, currentColor 80%, transparent));
    --_line: var(--fund-line, color-mix(in srgb, currentColor 55%, transparent));
    --_wash: var(--fund-wash, color-mix(in srgb, currentColor 10%, transparent));
    --_danger: var(--fund-danger, light-dark(#b3261e, #ffb4a9));
    --_radius: var(--fund-radius, 0.625rem);
    display: block;
    color: var(--_text);
    font-family: var(--fund-font, inherit);
    line-height: 1.5;
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }

  :host([hidden]) {
    display: none;
  }

  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }

  p,
  ul,
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }

  button,
  input,
  textarea {
    font: inherit;
    color: inherit;
  }

  button {
    min-height: 2.75rem;
    padding: 0.5rem 1rem;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    background: none;
    cursor: pointer;
  }

  button:hover,
  input:hover + span {
    text-decoration: underline;
  }

  button:disabled,
  button[aria-disabled="true"] {
    cursor: default;
    opacity: 0.7;
  }

  :focus-visible {
    outline: 3px solid var(--_accent);
    outline-offset: 2px;
  }

  .quiet {
    color: var(--_quiet);
    font-size: 0.875em;
  }
`;
