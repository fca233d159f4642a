// The locales there is data for; any other falls back, at last to en-US.
const LOCALES = ["en", "en-US", "en-GB", "de", "de-DE", "es", "es-ES", "fr", "fr-FR", "ja", "ja-JP", "pt", "pt-BR"];

export const available = new Set(LOCALES);
// What "-u-" keywords may be said of each, for our own classes.
export const allowing = (values) => Object.fromEntries(LOCALES.map((tag) => [tag, values]));
