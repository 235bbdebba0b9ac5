/// How a broker is run, beside what its topology says.
package struct BrokerSettings: Sendable {
  /// Where it binds its three sockets.
  package var endpoints: Endpoints
  /// How many threads evaluate.
  package var threads: Int
  /// "inproc", "ipc" or "tcp", for the ledger.
  package var transport: String
  /// The run's number; random for each run.
  package var run: UInt64
  /// The broker's incarnation, from 1.
  package var epoch: Int
  /// How its sockets are secured.
  package var security: BrokerSecurity
  /// What it takes from connections; nil for what suits the fleet.
  package var connectionLimits: ConnectionLimits?
  /// What is written into the log: this level and those above.
  package var logLevel: LogLevel

  /// Settings of the given parts.
  package init(
    endpoints: Endpoints, threads: Int, transport: String, run: UInt64, epoch: Int = 1,
    security: BrokerSecurity = .open, logLevel: LogLevel = .info
  ) {
    self.endpoints = endpoints
    self.threads = threads
    self.transport = transport
    self.run = run
    self.epoch = epoch
    self.security = security
    self.logLevel = logLevel
  }
}
