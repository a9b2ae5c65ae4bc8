import { render } from "preact";
import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/controls.css";
import "./style/overview.css";
import "./style/charts.css";
import "./style/jobs.css";
import "./style/job.css";
import "./style/terminal.css";
import "./style/overlays.css";
import "./style/responsive.css";
import "@xterm/xterm/css/xterm.css";
import { App } from "./app.tsx";
import { followFeed } from "./live.ts";
import { applyTheme } from "./theme.ts";

// The script stands in the head, so that the theme is there before the first paint.
applyTheme();
document.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("app");
  if (root) render(<App />, root);
  void followFeed();
});
