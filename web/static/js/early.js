// Runs before the first paint, so that a dark screen never flashes white and the language is right at once.
(() => {
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const ofAccount = document.documentElement.dataset;
  const theme = ofAccount.keptTheme ?? kept("siaga112-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  const asked = new URLSearchParams(location.search).get("lang");
  const language = asked === "id" || asked === "en" ? asked : (ofAccount.keptLanguage ?? kept("siaga112-language")) === "en" ? "en" : "id";
  document.documentElement.lang = language;
})();
