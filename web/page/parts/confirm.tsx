import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";

export interface Question {
  readonly title: string;
  readonly text: string;
  /** The confirm button's label, including the number of items. */
  readonly verb: string;
}

const Confirms = createContext<(question: Question) => Promise<boolean>>(async () => false);

/** Shows the dialog in which the user confirms an action that is hard to undo. Esc cancels. */
export function ConfirmArea({ children }: { children: ComponentChildren }) {
  const [asked, setAsked] = useState<{ question: Question; answer: (yes: boolean) => void }>();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (asked) dialog.current?.showModal();
  }, [asked]);
  const answer = (yes: boolean) => {
    asked?.answer(yes);
    setAsked(undefined);
  };
  return (
    <Confirms.Provider
      value={(question) => new Promise((resolve) => setAsked({ question, answer: resolve }))}
    >
      {children}
      {asked && (
        <dialog class="confirm" ref={dialog} aria-labelledby="confirm-title" onCancel={() => answer(false)}>
          <h2 id="confirm-title">{asked.question.title}</h2>
          <p>{asked.question.text}</p>
          <div class="actions">
            <button class="btn" type="button" onClick={() => answer(false)}>
              Keep everything
            </button>
            <button class="btn danger" type="button" onClick={() => answer(true)}>
              {asked.question.verb}
            </button>
          </div>
        </dialog>
      )}
    </Confirms.Provider>
  );
}

export const useConfirm = () => useContext(Confirms);
