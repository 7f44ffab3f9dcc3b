/**
 * How properties are run: from a fixed seed, so that what one change breaks is found by that change and nothing fails by chance.
 * GHOSTCELLS_PROPERTY_RUNS=100000 looks further, from a new seed each time; what it finds becomes an example of its property.
 */

const SEED = 20_261_125;

/** What fast-check is told: `numRuns` runs each time, and more if somebody has asked for more. */
export function runs(numRuns: number): { readonly numRuns: number; readonly seed?: number } {
  const wanted = Number(process.env['GHOSTCELLS_PROPERTY_RUNS'] ?? 0);
  return wanted > 0 ? { numRuns: wanted } : { numRuns, seed: SEED };
}
