/**
 * What it means that the app closed its connection without an answer.
 *
 * The app may close a connection that is idle, and a request may cross that close. So a close without a byte of answer,
 * soon after the request went over a connection *used before*, is taken for such a crossing: what may be sent twice
 * (deliveries, which are at-least-once anyway, and GET, HEAD, OPTIONS) goes once more over a new connection, at once; of
 * any other call, daprd's connection is closed as the app's was. If it is refused, slow, or broken again, the app died:
 * see `Gate.appFailed`.
 * @module
 */

/** How long after sending a close without answer can be an idle time-out of the app that crossed the request, in ms. */
const CROSSING_MS = 1000;

/** Of one request. */
export class Crossing {
  #crossed = false;
  #assumed = false;

  /**
   * @param used whether the connection had carried a request before
   * @param begun whether a byte of the answer came
   * @param ms since the request went
   * @param mayGo whether it may go again; behind a closed gate the app is known to have died
   */
  isOne(used: boolean, begun: boolean, ms: number, mayGo: boolean): boolean {
    if (this.#crossed || !used || begun || ms >= CROSSING_MS || !mayGo) return false;
    return this.#crossed = this.#assumed = true;
  }

  /** The app refuses the next connection. @returns whether that shows that it died under this request; true only once */
  refuted(): boolean {
    const assumed = this.#assumed;
    this.#assumed = false;
    return assumed;
  }
}
