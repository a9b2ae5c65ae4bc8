import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext, useRef, useState } from "preact/hooks";

interface Toast {
  readonly text: string;
  readonly isError: boolean;
}

const SHOW_MS = 6_000;
const Toasts = createContext<(toast: Toast) => void>(() => undefined);

/** Shows the outcomes of actions in one place on the page. An error stays until the user closes it. */
export function ToastArea({ children }: { children: ComponentChildren }) {
  const [toast, setToast] = useState<Toast>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const show = (next: Toast) => {
    clearTimeout(timer.current);
    setToast(next);
    if (!next.isError) timer.current = setTimeout(() => setToast(undefined), SHOW_MS);
  };
  return (
    <Toasts.Provider value={show}>
      {children}
      <div class="toasts" role="status" aria-live="polite">
        {toast && (
          <div class={toast.isError ? "toast bad" : "toast"}>
            <span>{toast.text}</span>
            <button class="link" type="button" onClick={() => setToast(undefined)}>
              Close
            </button>
          </div>
        )}
      </div>
    </Toasts.Provider>
  );
}

/** Returns a function that copies text to the clipboard and shows a toast that names what was copied. */
export function useCopy(): (name: string, text: string) => void {
  const act = useAction();
  return (name, text) => void act(`Copied ${name}`, () => navigator.clipboard.writeText(text));
}

/** Returns a function that runs a command, shows its outcome and resolves to whether the command succeeded. */
export function useAction(): (done: string, run: () => Promise<unknown>) => Promise<boolean> {
  const show = useContext(Toasts);
  return async (done, run) => {
    try {
      await run();
      show({ text: done, isError: false });
      return true;
    } catch (error) {
      const { message, remedy } = error as Error & { remedy?: string };
      show({ text: remedy ? `${message}. ${remedy}` : message, isError: true });
      return false;
    }
  };
}
