/** "stripe" as its own pages write it. An operator may have given a provider any name. */
export function providerName(provider: string): string {
  return provider.charAt(0).toUpperCase() + provider.slice(1);
}
