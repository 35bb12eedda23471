import http from 'node:http'

/** JSON over connections that stay open, as many as are needed: as little of our own as can be in what is measured. */
export class Requests {
  #agent = new http.Agent({ keepAlive: true, maxSockets: Infinity })
  #url

  /** @param {string} url */
  constructor(url) {
    this.#url = new URL(url)
  }

  get(path) {
    return this.#send('GET', path, undefined)
  }

  post(path, json) {
    return this.#send('POST', path, JSON.stringify(json))
  }

  close() {
    this.#agent.destroy()
  }

  /** @returns {Promise<any>} the body; rejects for every status from 300 on */
  #send(method, path, body) {
    const { hostname: host, port } = this.#url
    const headers =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    return new Promise((resolve, reject) => {
      const request = http.request({ host, port, method, path, headers, agent: this.#agent }, (response) => {
        const parts = []
        response.on('data', (part) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(parts).toString()
          if (response.statusCode >= 300) {
            const said = text.slice(0, 500)
            reject(
              new Error(
                `Expected ${method} ${path} to succeed, but it was answered ${response.statusCode}: ${said}`,
              ),
            )
          } else resolve(text === '' ? undefined : JSON.parse(text))
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  }
}
