// Colours and language as they were chosen here last, set before the first thing is drawn.
(function () {
  try {
    var theme = localStorage.getItem("billing.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    var language = localStorage.getItem("billing.language") || navigator.language || "en";
    document.documentElement.lang = language.slice(0, 2) === "uk" ? "uk" : "en";
  } catch {
    // Storage is forbidden here: the system's colours, then.
  }
})();
