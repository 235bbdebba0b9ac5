import ArgumentParser
import Runtime

/// How a broker's connections are secured, on the command line.
struct BrokerSecurityOptions: ParsableArguments {
  @Option(help: "The broker's .secret file, from progfed keys broker: encrypt all connections.")
  var keys: String?

  @Option(help: "The allow-list: which workers' keys may play which clients. Read again at SIGHUP.")
  var allow: String?

  func validate() throws {
    guard (keys == nil) == (allow == nil) else {
      throw ValidationError(
        "--keys and --allow belong together: the broker's key, and the workers that may come in")
    }
  }

  /// The security as the files say.
  func load() throws -> BrokerSecurity {
    guard let keys, let allow else { return .open }
    return .curve(try KeyFile.pair(at: keys), AccessControl(try AllowListFile.read(allow)))
  }

  /// Has `broker` follow the allow-list at each SIGHUP, for as long as the result lives.
  func reloading(_ broker: Broker, _ printer: ProgressPrinter) -> HangUp? {
    guard let allow else { return nil }
    return HangUp {
      do {
        let workers = try AllowListFile.read(allow)
        broker.admit(workers)
        printer.say("\(allow): read again, \(workers.workers.count) workers may come in")
      } catch {
        printer.say("\(error)\nthe allow-list from before stays in force")
      }
    }
  }
}
