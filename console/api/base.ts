/** Where the API is on the console's host. */
export const apiBase = '/api/v1'
