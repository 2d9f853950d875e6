/** Whether something that goes up and down grows. */

export type Trend = {
  /** From the first value to the last, by the straight line that fits best. */
  readonly growth: number;
  /** How far the values lie from that line: their standard deviation. */
  readonly noise: number;
};

/** @throws {RangeError} with fewer than three values: they always lie on a line */
export function trendOf(values: readonly number[]): Trend {
  const count = values.length;
  if (count < 3) throw new RangeError(`Cannot see a trend in fewer than three values: received ${count}`);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const middle = (count - 1) / 2;
  let covariance = 0;
  let variance = 0;
  for (const [i, value] of values.entries()) {
    covariance += (i - middle) * (value - mean);
    variance += (i - middle) ** 2;
  }
  const slope = covariance / variance;
  const residuals = values.map((value, i) => value - mean - slope * (i - middle));
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  return { growth: slope * (count - 1), noise: Math.sqrt(squares / (count - 2)) };
}
