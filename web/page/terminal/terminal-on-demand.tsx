import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../../../shared/errors.ts";
import { Icon } from "../icon.tsx";

type TerminalView = typeof import("./terminal-view.tsx").TerminalView;

/** Shows the terminal and loads its emulator on first use, because the emulator makes up most of the page's code. */
export function TerminalOnDemand({ watch }: { watch?: string }) {
  const [loaded, setLoaded] = useState<{ View?: TerminalView; fault?: string }>({});
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isGone = false;
    import("./terminal-view.tsx").then(
      ({ TerminalView }) => isGone || setLoaded({ View: TerminalView }),
      (error: unknown) => isGone || setLoaded({ fault: messageOf(error) }),
    );
    return () => {
      isGone = true;
    };
  }, [tries]);
  const { View, fault } = loaded;
  if (View) return <View watch={watch} />;
  return (
    <div class="termview">
      <section class="panel frame" aria-label="Terminal">
        <div class="frame-bar">
          <span class="st st-retrying" role="status">
            <Icon name="retrying" />
            {fault ? "Not loaded" : "Loading the terminal"}
          </span>
        </div>
        {fault ? (
          <div class="message">
            <Icon name="plug" />
            <h2>The terminal cannot be loaded</h2>
            <p>{fault}</p>
            <div class="actions">
              <button class="btn primary" type="button" onClick={() => setTries(tries + 1)}>
                Try again
              </button>
              <a class="btn" href="#/overview">
                Use the dashboard
              </a>
            </div>
          </div>
        ) : (
          <div class="screen" />
        )}
      </section>
    </div>
  );
}
