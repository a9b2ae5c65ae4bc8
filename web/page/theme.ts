const KEY = "observatory-theme";

/**
 * Applies the theme that the user chose in this browser or, without a choice, follows the system's theme. Call it before
 * the first paint.
 */
export function followTheme(): void {
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => setTheme(chosenTheme() ?? (prefersDark.matches ? "dark" : "light"));
  prefersDark.addEventListener("change", apply);
  apply();
}

/** Switches between light and dark and remembers the choice. */
export function switchTheme(): void {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  setTheme(next);
  localStorage.setItem(KEY, next);
}

function chosenTheme(): "light" | "dark" | undefined {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : undefined;
  } catch {
    // The browser blocks storage, so the system's theme applies.
    return undefined;
  }
}

function setTheme(theme: "light" | "dark"): void {
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("themechange"));
}
