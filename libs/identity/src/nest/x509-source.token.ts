/** The provider of the application's `X509Source`. */
export const X509_SOURCE = Symbol('X509_SOURCE');
