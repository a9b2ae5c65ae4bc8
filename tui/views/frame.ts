import { type Canvas, createCanvas, type Rect, toAscii, write } from "../canvas.ts";
import { LEAST_HEIGHT, LEAST_WIDTH, placeOf, type ScreenName, type State } from "../model.ts";
import { bold, dim, span } from "../style.ts";
import { alertsView } from "./alerts.ts";
import { deadLettersView, deadLetterView } from "./dead-letters.ts";
import { eventsView, eventView } from "./events.ts";
import { headerLines } from "./header.ts";
import { drawHints } from "./hints.ts";
import { jobView } from "./job.ts";
import { jobsView } from "./jobs.ts";
import { launcherView, setupView } from "./launcher.ts";
import { newJobView } from "./new-job.ts";
import { drawOverlay } from "./overlay.ts";
import { overviewView } from "./overview.ts";
import { pagesView } from "./pages.ts";
import { drawPanel, type Placed } from "./panel.ts";
import { queuesView } from "./queues.ts";

const VIEWS: Readonly<Record<ScreenName, (state: State, area: Rect) => Placed[]>> = {
  overview: overviewView,
  jobs: jobsView,
  job: jobView,
  "new-job": newJobView,
  events: eventsView,
  event: eventView,
  "dead-letters": deadLettersView,
  "dead-letter": deadLetterView,
  queues: queuesView,
  alerts: alertsView,
  pages: pagesView,
  launcher: launcherView,
  setup: setupView,
};

/** Returns the current screen's panels, for drawing and for `--plain`. */
export function panelsOf(state: State, area: Rect): Placed[] {
  return VIEWS[placeOf(state).screen](state, area);
}

/** Returns the area between the header and the hint line. */
export function bodyOf({ width, height }: State): Rect {
  return { x: 0, y: 1, width, height: height - 2 };
}

/** Draws the whole screen: header, panels, hint line and overlays. */
export function render(state: State, { ascii = false } = {}): Canvas {
  const { width, height } = state;
  const canvas = createCanvas(width, height);
  if (width < LEAST_WIDTH || height < LEAST_HEIGHT) drawTooSmall(canvas);
  else {
    write(canvas, 0, 0, headerLines(state, width));
    for (const placed of panelsOf(state, bodyOf(state))) drawPanel(canvas, placed);
    drawHints(canvas, state);
    if (state.overlay) drawOverlay(canvas, state, state.overlay);
  }
  if (ascii) toAscii(canvas);
  return canvas;
}

function drawTooSmall(canvas: Canvas) {
  const { width, height } = canvas;
  write(canvas, 0, 0, [bold("Too small")], width);
  write(canvas, 0, 1, [span(`${width}×${height}, needs ${LEAST_WIDTH}×${LEAST_HEIGHT}`)], width);
  write(canvas, 0, 2, [dim("Ctrl-C leaves")], width);
}
