import type { Sql } from "../postgres.ts";

/** A summary of a set of UUIDs: sets that differ in some ids almost certainly differ in the count or the checksum. */
export interface IdSum {
  readonly count: number;
  /**
   * The exclusive or of the ids' last 64 bits, which are random in every UUID version in use; 16 hexadecimal digits.
   */
  readonly check: string;
}

/** Creates an empty sum, to which ids can be added in any order. */
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

/** Returns SQL for a UUID column's last 64 bits. Their `bit_xor` is the checksum as a signed number. */
export function idBitsSql(sql: Sql, column: string) {
  return sql.unsafe(`('x' || replace(right(${column}::text, 17), '-', ''))::bit(64)::bigint`);
}

/** Adds up the sums of sets that share no id. */
export function sumOf(sums: readonly IdSum[]): IdSum {
  return {
    count: sums.reduce((total, { count }) => total + count, 0),
    check: checkOf(String(sums.reduce((all, { check }) => all ^ BigInt(`0x${check}`), 0n))),
  };
}

/** Converts a checksum from SQL to 16 hexadecimal digits. */
export function checkOf(bigint: string): string {
  return BigInt.asUintN(64, BigInt(bigint)).toString(16).padStart(16, "0");
}
