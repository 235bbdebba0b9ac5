package import ZeroMQ

/// The workers that a broker admits: the contents of an allow-list.
///
/// The file has one worker a line, `NAME KEY CLIENTS`: what people call it (letters, digits, `-`,
/// `_`, `.`), the 40 letters of its public key, and the clients that it may play, such as `0-49` or
/// `3,7,10-12`. A fourth word, `samples=500`, says how many samples each of these clients may have
/// at most. Several workers may be allowed the same client; the protocol lets one of them play it
/// at a time. Empty lines and lines that begin with `#` are passed over.
package struct AdmittedWorkers: Hashable, Sendable {
  /// The workers in the order of the file.
  package let workers: [AdmittedWorker]
  private let places: [CurveKey: Int]

  /// Admits `workers`, whose keys differ.
  package init(_ workers: [AdmittedWorker]) {
    self.workers = workers
    places = Dictionary(
      workers.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Reads the text of an allow-list; `file` is its name, for errors.
  ///
  /// - Throws: all that is wrong with it, each with its line.
  package init(_ text: String, file: String) throws(AllowListError) {
    var workers: [AdmittedWorker] = []
    var names: [String: Int] = [:]
    var keys: [CurveKey: Int] = [:]
    var faults: [AllowListError.Fault] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let number = index + 1
      let words = line.split { $0 == " " || $0 == "\t" }
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      do throws(AllowListError.Reason) {
        let worker = try Self.worker(words)
        if let earlier = names.updateValue(number, forKey: worker.name) {
          throw .repeatedName(worker.name, line: earlier)
        }
        if let earlier = keys.updateValue(number, forKey: worker.key) {
          throw .repeatedKey(line: earlier)
        }
        workers.append(worker)
      } catch {
        faults.append(.init(line: number, reason: error))
      }
    }
    guard faults.isEmpty else { throw AllowListError(file: file, faults: faults) }
    self.init(workers)
  }

  /// The worker with this key.
  package subscript(key: CurveKey) -> AdmittedWorker? { places[key].map { workers[$0] } }

  private static func worker(
    _ words: [Substring]
  ) throws(AllowListError.Reason) -> AdmittedWorker {
    guard (3...4).contains(words.count) else { throw .words(words.count) }
    let name = String(words[0])
    guard isName(name) else { throw .name(name) }
    guard let key = CurveKey(z85: String(words[1])) else { throw .key }
    guard let clients = ClientRange(String(words[2])) else { throw .clients(String(words[2])) }
    var worker = AdmittedWorker(name: name, key: key, clients: clients)
    if words.count > 3 {
      let word = words[3]
      guard word.hasPrefix(AdmittedWorker.samplesWord),
        let samples = Int(word.dropFirst(AdmittedWorker.samplesWord.count)),
        (1..<1 << 48).contains(samples)
      else { throw .samples(String(word)) }
      worker.samples = samples
    }
    return worker
  }

  /// True if `name` may be a worker's: 1 to 64 letters, digits and `-`, `_`, `.`, of which a dot
  /// isn't the first.
  package static func isName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count) && !name.hasPrefix(".")
      && name.utf8.allSatisfy { letter in
        switch letter {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
          UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

/// A worker that the broker's owner admits: its key, and the clients that it may play.
package struct AdmittedWorker: Hashable, Sendable {
  /// The name by which people call it.
  package var name: String
  /// Its public key.
  package var key: CurveKey
  /// The clients that it may play.
  package var clients: ClientRange
  /// The most samples that each of its clients may have; nil for any number.
  package var samples: Int?

  /// A worker of the given parts.
  package init(name: String, key: CurveKey, clients: ClientRange, samples: Int? = nil) {
    self.name = name
    self.key = key
    self.clients = clients
    self.samples = samples
  }

  /// Its line in an allow-list.
  package var line: String {
    "\(name) \(key.z85) \(clients)" + (samples.map { " \(Self.samplesWord)\($0)" } ?? "")
  }

  /// The beginning of the word of a line that says how many samples each client may have.
  static let samplesWord = "samples="
}
