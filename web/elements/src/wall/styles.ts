import { css } from "lit";

export const styles = css`
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem 1rem;
    margin-bottom: 1.5rem;
  }

  .periods {
    display: flex;
    flex-wrap: wrap;
    overflow-wrap: normal;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
  }

  .periods label {
    position: relative;
    display: grid;
  }

  .periods input {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }

  .periods label span {
    display: grid;
    place-items: center;
    min-height: 2.75rem;
    padding: 0.25rem 0.75rem;
    line-height: 1.25;
    text-align: center;
    border-radius: calc(var(--_radius) - 1px);
  }

  .periods input:checked + span {
    background: var(--_accent);
    color: var(--_on-accent);
    font-weight: 600;
  }

  .periods input:focus-visible + span {
    outline: 3px solid var(--_accent);
    outline-offset: 2px;
  }

  .tier + .tier {
    margin-top: 2rem;
  }

  .heading {
    display: flex;
    align-items: center;
    gap: 0.5rem;
    margin-bottom: 0.75rem;
    font-size: 1.125em;
    font-weight: 700;
  }

  .heading .icon {
    width: 1.75rem;
    height: 1.75rem;
  }

  ul {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(13rem, 100%), 1fr));
    gap: 0.75rem 1.25rem;
    list-style: none;
  }

  li {
    display: grid;
    align-content: start;
    padding: 0.625rem 0 0;
    border-top: 1px solid var(--_wash);
  }

  .name {
    font-weight: 600;
  }

  .monthly {
    justify-self: start;
    margin-top: 0.25rem;
    padding: 0 0.5rem;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    font-size: 0.8125em;
  }

  .platinum-tier .name {
    font-size: 1.375em;
  }

  .gold-tier .name {
    font-size: 1.1875em;
  }

  q {
    margin-top: 0.25rem;
    font-style: italic;
    white-space: pre-line;
  }

  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .more {
    width: 100%;
    margin-top: 1.5rem;
  }

  .failure {
    color: var(--_danger);
  }
`;
