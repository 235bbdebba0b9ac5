import ArgumentParser
import Foundation
import Runtime
import ZeroMQ

/// Makes a broker's key pair and an allow-list without workers.
struct BrokerKeys: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "broker", abstract: "Make a broker's key pair, and an allow-list to fill in.")

  @Option(help: "The directory for broker.secret, broker.public and allow.list.")
  var out: String

  func run() throws {
    try Exit.reporting {
      let pair = try CurveKeyPair.generate()
      let files = try KeyFile.write(pair, name: "broker", of: "the broker", in: out)
      let list = URL(fileURLWithPath: out).appending(path: "allow.list").path(percentEncoded: false)
      if !FileManager.default.fileExists(atPath: list) { try AllowListFile.create(list) }
      print(
        """
        \(files.secret): keep it here; progfed broker … --keys \(files.secret) --allow \(list)
        \(files.public): give it to the workers; progfed worker … --broker-key \(files.public)
        \(list): add a line for each worker
        """)
    }
  }
}
