/// The settings of a broker, beside its topology.
package struct BrokerSettings: Sendable {
  /// The addresses to which it binds its three sockets.
  package var endpoints: Endpoints
  /// The number of threads that evaluate.
  package var threads: Int
  /// "inproc", "ipc" or "tcp", for the ledger.
  package var transport: String
  /// The run's number; random for each run.
  package var run: UInt64
  /// The broker's incarnation, from 1.
  package var epoch: Int
  /// The security of its sockets.
  package var security: BrokerSecurity
  /// The file of the allow-list; nil where there is none, or the list isn't kept in a file.
  package var allowList: String?
  /// The limits of connections; nil for those that suit the fleet.
  package var connectionLimits: ConnectionLimits?
  /// The least level of lines that are written into the log.
  package var logLevel: LogLevel

  /// Settings of the given parts.
  package init(
    endpoints: Endpoints, threads: Int, transport: String, run: UInt64, epoch: Int = 1,
    security: BrokerSecurity = .open, allowList: String? = nil, logLevel: LogLevel = .info
  ) {
    self.endpoints = endpoints
    self.threads = threads
    self.transport = transport
    self.run = run
    self.epoch = epoch
    self.security = security
    self.allowList = allowList
    self.logLevel = logLevel
  }
}
