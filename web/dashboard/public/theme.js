// Colours as they were chosen in the dashboard last, set before the first thing is drawn; the support pages load it too.
{
  try {
    const theme = localStorage.getItem("billing.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is forbidden here: the system's colours, then.
  }
}
