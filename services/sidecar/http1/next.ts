/** What daprd's connection does after an exchange. @module */

export type Next =
  /** Carries the next request. */
  | { readonly do: "next" }
  /** Closes at once: daprd sees the answer cut off, or none. */
  | { readonly do: "close" }
  /** Belongs to another protocol now. */
  | { readonly do: "splice" }
  /** Ends, after what was sent has arrived. */
  | { readonly do: "linger" }
  /** Is told why, and ends. */
  | { readonly do: "refuse"; readonly status: 400 | 502; readonly problem: string };

export const NEXT: Next = { do: "next" };
export const CLOSE: Next = { do: "close" };
export const SPLICE: Next = { do: "splice" };
export const LINGER: Next = { do: "linger" };
