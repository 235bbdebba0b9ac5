/// How a run began, as far as one that resumes it must know.
public struct RunOrigin: Hashable, Sendable {
  /// The run's number in the protocol.
  public var run: UInt64
  /// What decides the run's result, a line `name: value` for each: only the same may go on with it.
  public var plan: String
  /// The topology's text.
  public var topology: String
  /// The path of the topology's file, at which paths in it start.
  public var file: String
  /// What the command line said in place of the topology's values, as JSON.
  public var overrides: String

  /// An origin of the given parts.
  public init(run: UInt64, plan: String, topology: String, file: String, overrides: String) {
    self.run = run
    self.plan = plan
    self.topology = topology
    self.file = file
    self.overrides = overrides
  }
}
