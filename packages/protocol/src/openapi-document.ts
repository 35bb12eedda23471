/** As much of an OpenAPI 3.1 document as TunaCorn reads at run time. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, OpenApiPath>>
  readonly components: {
    readonly parameters: Readonly<Record<string, OpenApiParameter>>
    readonly requestBodies: Readonly<Record<string, OpenApiBody>>
    readonly responses: Readonly<Record<string, OpenApiBody>>
    readonly schemas: Readonly<Record<string, object>>
  }
}

export interface OpenApiPath {
  readonly parameters?: readonly OpenApiParameter[]
  readonly get?: OpenApiOperation
  readonly post?: OpenApiOperation
  readonly delete?: OpenApiOperation
}

export interface OpenApiOperation {
  readonly operationId: string
  readonly parameters?: readonly OpenApiParameter[]
  readonly requestBody?: OpenApiBody
  readonly responses: Readonly<Record<string, OpenApiBody>>
}

export interface OpenApiParameter {
  readonly $ref?: string
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly schema: object
}

export interface OpenApiBody {
  readonly $ref?: string
  /** Of the body of a request: whether there must be one. */
  readonly required?: boolean
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}
