import { JOB_SORTS, type JobSortName } from "../../../shared/job-sorts.ts";
import { Icon } from "../icon.tsx";
import { FilterField } from "../parts/filter-field.tsx";
import { useCopy } from "../parts/toast.tsx";
import { goTo } from "../route.ts";
import { jobsAddress, termOf, withTerm } from "./address.ts";

const SINCE = "createdAfter";
const TIMES = [
  { age: "", label: "Any time" },
  { age: "5m", label: "Last 5 minutes" },
  { age: "1h", label: "Last hour" },
  { age: "1d", label: "Last day" },
];

interface FilterBarProps {
  readonly filter: string;
  readonly sort: JobSortName;
  readonly fault: string | undefined;
}

/** Shows the filter as text, with controls for its time range and for the sort order. */
export function FilterBar({ filter, sort, fault }: FilterBarProps) {
  const copy = useCopy();
  const since = termOf(filter, SINCE) ?? "";
  const isOwn = !TIMES.some(({ age }) => age === since);
  return (
    <FilterField
      filter={filter}
      label="Filter jobs"
      placeholder="All jobs"
      apply={(text) => goTo(jobsAddress(text, sort))}
      fault={fault}
      hint="Words, status:failed, type:hash, payload.user:1, failedAfter:5m, worker:…, parent:…"
    >
      <select
        class="btn"
        aria-label="Accepted"
        value={since}
        onChange={({ currentTarget }) =>
          goTo(jobsAddress(withTerm(filter, SINCE, currentTarget.value), sort))
        }
      >
        {TIMES.map(({ age, label }) => (
          <option value={age} key={age}>
            {label}
          </option>
        ))}
        {isOwn && <option value={since}>Since {since}</option>}
      </select>
      <select
        class="btn"
        aria-label="Order"
        value={sort}
        onChange={({ currentTarget }) => goTo(jobsAddress(filter, currentTarget.value as JobSortName))}
      >
        {JOB_SORTS.map(({ name, label }) => (
          <option value={name} key={name}>
            {label}
          </option>
        ))}
      </select>
      <button class="btn quiet wide-only" type="button" onClick={() => copy("the link", location.href)}>
        <Icon name="copy" />
        Copy link
      </button>
    </FilterField>
  );
}
