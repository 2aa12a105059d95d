import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';
import {
  X509BundlesRequestSchema,
  X509BundlesResponseSchema,
  X509SVIDRequestSchema,
  X509SVIDResponseSchema,
} from './proto/workload_pb.js';

/**
 * gRPC metadata that each call carries and each server checks, against request forgery
 * (SPIFFE_Workload_Endpoint.md, section 3).
 */
export const SECURITY_METADATA = { key: 'workload.spiffe.io', value: 'true' } as const;

/** What a server streams for FetchX509SVID. */
export type X509SvidResponseInit = MessageInitShape<typeof X509SVIDResponseSchema>;
/** What a server streams for FetchX509Bundles. */
export type X509BundlesResponseInit = MessageInitShape<typeof X509BundlesResponseSchema>;

const encode = <Schema extends DescMessage>(schema: Schema, message: MessageInitShape<Schema>) =>
  Buffer.from(toBinary(schema, create(schema, message)));

function serverStream<Request extends DescMessage, Response extends DescMessage>(
  name: string,
  request: Request,
  response: Response,
): MethodDefinition<MessageInitShape<Request>, MessageInitShape<Response>> {
  return {
    path: `/SpiffeWorkloadAPI/${name}`,
    requestStream: false,
    responseStream: true,
    requestSerialize: (message) => encode(request, message),
    requestDeserialize: (bytes) => fromBinary(request, bytes),
    responseSerialize: (message) => encode(response, message),
    responseDeserialize: (bytes) => fromBinary(response, bytes),
  };
}

/**
 * The X.509 profile of the SPIFFE Workload API as a grpc-js service definition (SPIFFE_Workload_API.md, section 5).
 *
 * @example server.addService(workloadApiService, { FetchX509SVID(call) {…}, FetchX509Bundles(call) {…} })
 */
export const workloadApiService = {
  FetchX509SVID: serverStream('FetchX509SVID', X509SVIDRequestSchema, X509SVIDResponseSchema),
  FetchX509Bundles: serverStream(
    'FetchX509Bundles',
    X509BundlesRequestSchema,
    X509BundlesResponseSchema,
  ),
} as const;
