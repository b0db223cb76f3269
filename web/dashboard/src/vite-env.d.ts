interface ImportMetaEnv {
  /** Where the gateway is, for who builds the pages for one place; else config.json says it. */
  readonly VITE_API_URL?: string;
  /** Where config.json is; else beside index.html. */
  readonly VITE_CONFIG_URL?: string;
}
