import type { Stats } from "../../../contracts/api-queries.ts";
import type { JobStatus } from "../../../contracts/job.ts";
import { statusWord } from "../../../contracts/status-words.ts";
import { count } from "../../../shared/format.ts";
import type { JobSortName } from "../../../shared/job-sorts.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { STATUSES_SHOWN, statusesOf, toneOf } from "../parts/status.tsx";
import { useQuery } from "../query.ts";
import { jobsAddress, termOf, withTerm } from "./address.ts";
import { countJobs, type Narrowing, narrowingOf } from "./counts.ts";

interface FacetsProps {
  readonly filter: string;
  readonly sort: JobSortName;
  readonly stats: Stats | undefined;
}

/**
 * Lists the statuses and the types, each with its number of jobs. Statuses are counted within the chosen types, and
 * types within the chosen statuses.
 */
export function Facets({ filter, sort, stats }: FacetsProps) {
  const types = useQuery("types", (signal) => client.gateway.listJobTypes({}, { signal }), { frozen: true });
  const narrowing = narrowingOf(filter);
  const number = (own: Narrowing) => stats && countJobs(stats.byType ?? {}, { ...pick(narrowing), ...own });
  const names = new Set([
    ...(types.data?.jobTypes ?? []).map(({ name }) => name),
    ...Object.keys(stats?.byType ?? {}),
  ]);
  const link = (key: string, value?: string) => ({
    href: jobsAddress(withTerm(filter, key, value), sort),
    isChosen: termOf(filter, key)?.toLowerCase() === value,
  });
  return (
    <aside class="facets" aria-label="Narrow the list">
      <section class="facet">
        <h2>Status, {among(narrowing.types)}</h2>
        <ul>
          <Facet {...link("status")} number={number({ statuses: undefined })}>
            <span class="st">
              <Icon name="logo" />
              All
            </span>
          </Facet>
          {STATUSES_SHOWN.map((status) => (
            <Facet
              {...link("status", statusWord(status))}
              number={number({ statuses: statusesOf(status) })}
              key={status}
            >
              <span class={`st st-${toneOf(status)}`}>
                <Icon name={toneOf(status)} />
                {capital(statusWord(status))}
              </span>
            </Facet>
          ))}
        </ul>
      </section>
      <section class="facet second">
        <h2>Type, {among(narrowing.statuses && wordsOf(narrowing.statuses))}</h2>
        <ul>
          <Facet {...link("type")} number={number({ types: undefined })}>
            Any type
          </Facet>
          {[...names].sort().map((name) => (
            <Facet {...link("type", name)} number={number({ types: [name] })} key={name}>
              <span class="mono clip">{name}</span>
            </Facet>
          ))}
        </ul>
      </section>
    </aside>
  );
}

interface FacetProps {
  readonly href: string;
  readonly isChosen: boolean;
  readonly number: number | undefined;
  readonly children: preact.ComponentChildren;
}

function Facet({ href, isChosen, number, children }: FacetProps) {
  return (
    <li>
      <a href={href} class={number === 0 ? "none" : ""} aria-current={isChosen ? "true" : undefined}>
        {children}
        <span class="n">{number !== undefined && count(number)}</span>
      </a>
    </li>
  );
}

const pick = ({ statuses, types }: Narrowing): Narrowing => ({ statuses, types });
const among = (names: readonly string[] | undefined) =>
  names ? `among ${names.join(", ")} jobs` : "of all jobs";
const wordsOf = (statuses: readonly JobStatus[]) => [...new Set(statuses.map(statusWord))];
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
