import { setTimeout as sleep } from "node:timers/promises";
import type { ApiClient } from "../shared/api-client/client.ts";
import type { Effect } from "./effect.ts";
import { countMatches, type EffectPorts, load, runCommand } from "./effects.ts";
import type { Message } from "./message.ts";
import { initialState, type Options, type State } from "./model.ts";
import { openPage, probePages } from "./probe-pages.ts";
import { runInstall, runLauncher } from "./run-launcher.ts";
import { openScreen } from "./screen.ts";
import { readSettings, settingsPath, writeSettings } from "./settings.ts";
import { update } from "./update.ts";
import { render } from "./views/frame.ts";
import { plainText } from "./views/plain.ts";
import { pointedAt } from "./views/pointed.ts";

export interface TuiOptions {
  readonly client: ApiClient;
  /** Returns the URLs of the read-model and the gateway. */
  readonly addresses: () => { readonly readModelUrl: string; readonly gatewayUrl: string };
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ascii?: boolean;
  /** Prints the overview once as linear text and exits. */
  readonly plain?: boolean;
}

/** Limits redraws caused by new data to fewer than ten a second. Keys, clicks and resizes redraw at once. */
const FRAME_MS = 105;
const TICK_MS = 500;
/** How long `--plain` waits for the first replies. */
const PLAIN_MS = 3_000;

/** 0 after a normal exit, 1 if `--plain` gets no reply, 130 after SIGINT, 143 after SIGTERM or SIGHUP. */
type TuiExitCode = 0 | 1 | 130 | 143;

/** Opens the terminal UI, or prints it once for `--plain`. Resolves with the exit code when the program should end. */
export async function runTui(options: TuiOptions): Promise<TuiExitCode> {
  return options.plain ? runPlain(options) : runScreen(options);
}

/** Creates the state with its updates and effects, which the screen and `--plain` share. */
function createProgram(
  { client, addresses, env, version }: TuiOptions,
  size: { width: number; height: number },
  outside: (effect: Effect) => void,
  onChange: (message: Message) => void,
) {
  const abort = new AbortController();
  const { settings, problem } = readSettings(settingsPath(env));
  const modelOptions: Options = {
    readOnly: env.ODD_DASHBOARD_READ_ONLY === "1",
    serverMode: env.ODD_DASHBOARD_SERVER_MODE === "1",
    where: addresses().readModelUrl,
    version,
  };
  let state = initialState({ now: Date.now(), ...size, options: modelOptions, settings });
  const ports: EffectPorts = {
    client,
    signal: abort.signal,
    dispatch,
    pages: (signal) =>
      probePages(addresses(), state.data.overview?.value, signal, { serverMode: state.options.serverMode }),
  };

  function dispatch(message: Message) {
    if (abort.signal.aborted) return;
    const [next, effects] = update(state, message, Date.now());
    state = next;
    for (const effect of effects) run(effect);
    onChange(message);
  }

  function run(effect: Effect) {
    if (effect.kind === "load") void load(ports, effect);
    else if (effect.kind === "run") void runCommand(ports, effect.command);
    else if (effect.kind === "count") void countMatches(ports, effect.command);
    else if (effect.kind === "save") writeSettings(settingsPath(env), effect.settings);
    else if (effect.kind === "launch") void runLauncher(effect.doing, effect.tier, abort.signal, dispatch);
    else if (effect.kind === "install") void runInstall(effect.command, abort.signal, dispatch);
    else outside(effect);
  }

  async function follow() {
    for await (const change of client.follow({ signal: abort.signal, maxRetryMs: 15_000 }))
      if (change.kind === "connected") dispatch({ kind: "stream", state: "live" });
      else if (change.kind === "disconnected") dispatch({ kind: "stream", state: "down" });
      else dispatch({ kind: "changed" });
  }

  return {
    dispatch,
    follow,
    stop: () => abort.abort(),
    signal: abort.signal,
    problem,
    get state(): State {
      return state;
    },
  };
}

async function runScreen(options: TuiOptions): Promise<TuiExitCode> {
  const { env, ascii } = options;
  const ended = Promise.withResolvers<TuiExitCode>();
  const screen = openScreen({ colors: !env.NO_COLOR });
  const fail = (error: unknown) => ended.reject(error);
  const unlisten = onEnd({ restore: () => screen.close(), fail, signaled: (code) => ended.resolve(code) });

  let drawnAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = () => {
    clearTimeout(timer);
    timer = undefined;
    // A slow terminal skips frames. Once it has caught up, it gets only the newest one.
    if (screen.isBehind()) return schedule();
    drawnAt = performance.now();
    try {
      screen.draw(render({ ...program.state, now: Date.now() }, { ascii }), program.state.settings.theme);
    } catch (error) {
      fail(error);
    }
  };
  const schedule = () => {
    timer ??= setTimeout(draw, Math.max(0, FRAME_MS - (performance.now() - drawnAt)));
  };
  const program = createProgram(options, screen, outside, ({ kind }) =>
    kind === "key" || kind === "clicked" || kind === "resize" ? draw() : schedule(),
  );

  function outside(effect: Effect) {
    if (effect.kind === "quit") ended.resolve(0);
    else if (effect.kind === "mouse") screen.mouse(effect.on);
    else if (effect.kind === "copy") {
      screen.copy(effect.text);
      program.dispatch({ kind: "notice", text: effect.what, tone: "good" });
    } else if (effect.kind === "open") {
      const { text, copied } = openPage(effect.url, env);
      if (copied) screen.copy(effect.url);
      program.dispatch({ kind: "notice", text, tone: "info" });
    }
  }

  screen.onKey((key) => program.dispatch({ kind: "key", key }));
  screen.onClick((x, y) => {
    const target = pointedAt(program.state, x, y);
    if (target) program.dispatch({ kind: "clicked", target });
  });
  screen.onResize((width, height) => program.dispatch({ kind: "resize", width, height }));
  program.dispatch({ kind: "tick" });
  if (program.problem) program.dispatch({ kind: "notice", text: program.problem, tone: "bad" });
  draw();
  const ticks = setInterval(() => program.dispatch({ kind: "tick" }), TICK_MS);
  program.follow().catch(fail);
  try {
    return await ended.promise;
  } finally {
    clearInterval(ticks);
    clearTimeout(timer);
    program.stop();
    screen.close();
    unlisten();
  }
}

const SIGNALS = { SIGTERM: 143, SIGHUP: 143, SIGINT: 130 } as const;

interface Ends {
  readonly restore: () => void;
  readonly fail: (error: unknown) => void;
  readonly signaled: (exitCode: TuiExitCode) => void;
}

/**
 * Listens for exit, crashes and signals that end the process before the user quits. Returns a function that stops
 * listening.
 */
function onEnd({ restore, fail, signaled }: Ends): () => void {
  const listeners: [string, (...facts: unknown[]) => void][] = [
    ["exit", restore],
    ["uncaughtException", fail],
    ["unhandledRejection", fail],
    ...Object.entries(SIGNALS).map(([name, code]): [string, () => void] => [name, () => signaled(code)]),
  ];
  for (const [name, listener] of listeners) process.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
}

/** Prints the overview once, as lines for screen readers, files and pipes. */
async function runPlain(options: TuiOptions): Promise<TuiExitCode> {
  const program = createProgram(
    options,
    { width: 100, height: 60 },
    () => undefined,
    () => undefined,
  );
  program.dispatch({ kind: "tick" });
  const deadline = Date.now() + PLAIN_MS;
  const isWaiting = ({ data }: State) => Object.values(data).some(({ inFlight }) => inFlight);
  while (isWaiting(program.state) && Date.now() < deadline) await sleep(20);
  process.stdout.write(`${plainText({ ...program.state, now: Date.now() }, { ascii: options.ascii })}\n`);
  program.stop();
  return program.state.data.overview?.value ? 0 : 1;
}
