import type { Sql } from "../postgres.ts";

/** A set of UUIDs as a count and an order-free checksum: sets that differ by a few ids differ in one of the two. */
export interface IdSum {
  readonly count: number;
  /**
   * The exclusive or of the last 64 bits of the ids, which are random in every version in use: 16 hexadecimal digits.
   */
  readonly check: string;
}

/** Adds up ids, in any order. */
export function createIdSum() {
  let count = 0;
  let high = 0;
  let low = 0;
  return {
    add(id: string): void {
      count++;
      high ^= Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16);
      low ^= Number.parseInt(id.slice(28, 36), 16);
    },
    sum: (): IdSum => ({ count, check: hex(high) + hex(low) }),
  };
}

const hex = (bits: number) => (bits >>> 0).toString(16).padStart(8, "0");

/** SQL for the last 64 bits of a UUID column; their `bit_xor` is the checksum, as a signed number. */
export function idBitsSql(sql: Sql, column: string) {
  return sql.unsafe(`('x' || replace(right(${column}::text, 17), '-', ''))::bit(64)::bigint`);
}

/** The sum of sets that share no id. */
export function sumOf(sums: readonly IdSum[]): IdSum {
  return {
    count: sums.reduce((total, { count }) => total + count, 0),
    check: checkOf(String(sums.reduce((all, { check }) => all ^ BigInt(`0x${check}`), 0n))),
  };
}

/** A checksum from SQL as 16 hexadecimal digits. */
export function checkOf(bigint: string): string {
  return BigInt.asUintN(64, BigInt(bigint)).toString(16).padStart(16, "0");
}
