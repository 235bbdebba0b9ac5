public import ArgumentParser
import LocalTraining
public import Measures

/// The option of all commands that keep clients' own samples in memory.
struct CacheOptions: ParsableArguments {
  @Option(
    name: .customLong("cache"),
    help: ArgumentHelp(
      """
      How much memory decoded samples of clients' own may take together, as in 500MB or 2GiB; by default half of \
      the machine's. What has no room is decoded anew for each training; the result is the same.
      """, valueName: "size"))
  var limit: ByteCount?

  func validate() throws {
    if let limit, limit < .zero { throw ValidationError("--cache \(limit): give a size from 0 on") }
  }

  /// An empty cache of that size.
  var cache: SampleCache { SampleCache(limit: size) }

  /// The part of that size for each of so many processes at the same time.
  func part(of processes: Int) -> ByteCount { ByteCount(size.bytes / max(1, processes)) }

  private var size: ByteCount { limit ?? SampleCache.standardLimit }
}

extension ByteCount: ExpressibleByArgument {
  /// The count that `argument` says: a number and a unit, with or without a blank between them.
  public init?(argument: String) {
    let number = argument.prefix { $0.isNumber || $0 == "." }
    let unit = argument.dropFirst(number.count).drop { $0 == " " }
    let units: [String: Double] = [
      "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1024, "MiB": 1_048_576,
      "GiB": 1_073_741_824,
    ]
    guard let size = Double(number), let factor = units[String(unit)], size * factor < 1e18 else {
      return nil
    }
    self.init(Int((size * factor).rounded()))
  }
}
