import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../icon.tsx";

/** The element id of a view's filter field, which the key `/` focuses. */
export const FILTER_ID = "filter";

interface FilterFieldProps {
  readonly filter: string;
  readonly label: string;
  readonly placeholder: string;
  readonly apply: (text: string) => void;
  readonly fault?: string | undefined;
  /** The text below the field, unless a fault replaces it. */
  readonly hint?: string;
  readonly children?: ComponentChildren;
}

/** Edits a filter as text and applies it on Enter. `children` are additional controls beside the field. */
export function FilterField({ filter, label, placeholder, apply, fault, hint, children }: FilterFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current) input.current.value = filter;
  }, [filter]);
  return (
    <search>
      <form
        class="filterbar"
        onSubmit={(event) => {
          event.preventDefault();
          apply(input.current?.value.trim() ?? "");
          // The page's keyboard shortcuts work only while the field does not have focus.
          input.current?.blur();
        }}
      >
        <div class="field">
          <Icon name="search" />
          <input
            ref={input}
            id={FILTER_ID}
            aria-label={label}
            aria-invalid={fault !== undefined}
            aria-describedby={hint && "filter-hint"}
            placeholder={placeholder}
            spellcheck={false}
            autocomplete="off"
          />
          <span class="inside">
            <kbd>/</kbd>
          </span>
        </div>
        <button class="btn" type="submit">
          Filter
        </button>
        {children}
      </form>
      {hint && (
        <p class={fault ? "fault" : "hint-text"} id="filter-hint" role={fault ? "alert" : undefined}>
          {fault && <Icon name="failed" />}
          {fault ?? hint}
        </p>
      )}
    </search>
  );
}
