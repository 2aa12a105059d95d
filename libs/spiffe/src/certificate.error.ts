import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Which rule of X.509 or X509-SVID a certificate or a chain breaks. */
export type CertificateErrorCode =
  | 'ERR_CERTIFICATE_MALFORMED'
  | 'ERR_CERTIFICATE_PEM'
  | 'ERR_CERTIFICATE_TOO_LARGE'
  | 'ERR_CERTIFICATE_EXPIRED'
  | 'ERR_CERTIFICATE_NOT_YET_VALID'
  | 'ERR_CERTIFICATE_KEY'
  | 'ERR_CERTIFICATE_SIGNATURE_ALGORITHM'
  | 'ERR_CERTIFICATE_CRITICAL_EXTENSION'
  | 'ERR_SVID_URI_MISSING'
  | 'ERR_SVID_URI_SEVERAL'
  | 'ERR_SVID_ID_INVALID'
  | 'ERR_SVID_PATH_MISSING'
  | 'ERR_SVID_SAN_NOT_CRITICAL'
  | 'ERR_SVID_IS_CA'
  | 'ERR_SVID_KEY_USAGE_MISSING'
  | 'ERR_SVID_KEY_USAGE_NOT_CRITICAL'
  | 'ERR_SVID_DIGITAL_SIGNATURE_MISSING'
  | 'ERR_SVID_KEY_CERT_SIGN'
  | 'ERR_SVID_CRL_SIGN'
  | 'ERR_SVID_EXTENDED_KEY_USAGE'
  | 'ERR_CHAIN_EMPTY'
  | 'ERR_CHAIN_TOO_LONG'
  | 'ERR_CHAIN_ORDER'
  | 'ERR_CHAIN_NOT_CA'
  | 'ERR_CHAIN_KEY_CERT_SIGN'
  | 'ERR_CHAIN_EXTENDED_KEY_USAGE'
  | 'ERR_CHAIN_PATH_LENGTH'
  | 'ERR_CHAIN_NAME_CONSTRAINTS'
  | 'ERR_CHAIN_SIGNER_ID'
  | 'ERR_CHAIN_SIGNATURE'
  | 'ERR_CHAIN_UNTRUSTED';

export interface CertificateErrorOptions extends MeshErrorOptions {
  /** The certificate at fault, as lower-case hex of its serial number. */
  readonly serialNumber?: string;
}

/** A certificate cannot be read, or a certificate or chain breaks a rule. Texts from it never stand in the message. */
export class CertificateError extends MeshError {
  readonly serialNumber: string | undefined;

  constructor(
    readonly code: CertificateErrorCode,
    message: string,
    options: CertificateErrorOptions = {},
  ) {
    super(message, options);
    this.serialNumber = options.serialNumber;
  }
}
