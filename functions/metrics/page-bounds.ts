import type { PageBounds } from '../../shared/domain/bucket-report.ts';

/**
 * What one page of a report may hold, so that it is read within the function's 28 seconds and answered within Lambda's
 * 6 MB: about 40 ms of DynamoDB for each 1 MB, which is some 3,700 records or 7,000 lines of sums, and at most 600 bytes
 * a result. A line of sums counts as a record. docs/costs.md has what was measured.
 */
export const PAGE_BOUNDS: PageBounds = { recordsMax: 50_000, firstRecordsMax: 600_000, groupsMax: 8_000 };
