import { Icon } from "../icon.tsx";

/** Tells the user that no view belongs to the URL. */
export function Missing({ address }: { address: string }) {
  return (
    <div class="message">
      <Icon name="search" />
      <h1>There is no such view</h1>
      <p>
        This page has nothing at <code>{address}</code>. The link may come from another version or be
        incomplete.
      </p>
      <div class="actions">
        <a class="btn primary" href="#/overview">
          Go to the overview
        </a>
        <a class="btn" href="#/jobs">
          All jobs
        </a>
      </div>
    </div>
  );
}
