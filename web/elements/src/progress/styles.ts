import { css } from "lit";

export const styles = css`
  .bar {
    height: 0.75rem;
    margin-bottom: 0.625rem;
    border: 1px solid var(--_line);
    border-radius: 0.375rem;
    background: var(--_wash);
    overflow: hidden;
  }

  svg {
    display: block;
    width: 100%;
    height: 100%;
  }

  rect {
    fill: var(--_accent);
  }

  /** As high as what comes, so that nothing below it moves. */
  .loading {
    min-height: 5.5rem;
  }

  .amount {
    font-size: 1.75em;
    font-weight: 700;
    letter-spacing: -0.02em;
    line-height: 1.2;
  }

  [part="reached"] {
    margin-top: 0.25rem;
    color: var(--_accent);
    font-weight: 600;
  }
`;
