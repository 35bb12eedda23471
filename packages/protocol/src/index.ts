export { formatDuration, maxDurationMs, parseDuration } from './duration.js'
export { errorRegistry, isErrorCode, type ErrorCode } from './errors.js'
export { jsonLoss } from './json-loss.js'
export { openapiDocument } from './generated/document.js'
export type { components, operations, paths } from './generated/openapi.js'
export type {
  OpenApiBody,
  OpenApiDocument,
  OpenApiOperation,
  OpenApiParameter,
  OpenApiPath,
} from './openapi-document.js'
export type * from './resources.js'
export { scopes, type Scope } from './scopes.js'
export { formatTraceparent, parseTraceparent, type TraceParent } from './traceparent.js'
export { inSpan, type CurrentSpan, type SpanDescription } from './tracing.js'
