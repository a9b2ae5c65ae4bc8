import { useEffect, useRef, useState } from "preact/hooks";
import { type ActiveKey, lettersWork, setLettersWork } from "../shortcuts.ts";

/** Describes every keyboard shortcut of this view. */
export function KeyHelp({ keys, close }: { keys: readonly ActiveKey[]; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOn, setOn] = useState(lettersWork);
  useEffect(() => dialog.current?.showModal(), []);
  const here = keys.filter(({ screens }) => screens);
  const everywhere = keys.filter(({ screens }) => !screens);
  return (
    <dialog class="confirm help" ref={dialog} aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">Keys</h2>
      <p>These keys match the terminal's. They do not work while a field has the focus.</p>
      {here.length > 0 && <KeyList title="On this view" keys={here} />}
      <KeyList title="Everywhere" keys={everywhere} />
      <label class="switch">
        <input
          class="check"
          type="checkbox"
          checked={isOn}
          onChange={({ currentTarget }) => {
            setLettersWork(currentTarget.checked);
            setOn(currentTarget.checked);
          }}
        />
        Use single-character keys; switch them off if speech input triggers them by accident
      </label>
      <div class="actions">
        <button class="btn" type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}

function KeyList({ title, keys }: { title: string; keys: readonly ActiveKey[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="keys">
        {keys.map(({ action, shown, help }) => (
          <div key={action}>
            <dt>
              {shown.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{help}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
