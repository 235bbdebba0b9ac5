package import Testing

/// Keeps suites that wait for processes, or keep a core busy for seconds, from holding up all other
/// tests.
///
/// Two such suites run at a time, on threads of their own instead of those that all tests share;
/// the others wait before their tests' time limits begin.
package struct LongRunning: SuiteTrait, TestScoping {
  private static let turns = Turns(2)

  /// True if the suite goes before those that wait: begun last, a long one would run alone.
  fileprivate var goesFirst = false

  /// Runs the suite when it is its turn.
  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard test.isSuite else { return try await function() }
    await Self.turns.begin(first: goesFirst)
    do {
      try await withTaskExecutorPreference(OwnThreads.shared) { try await function() }
    } catch {
      await Self.turns.end()
      throw error
    }
    await Self.turns.end()
  }

  /// The scope of the suite itself; its tests need none of their own.
  package func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
    test.isSuite ? self : nil
  }
}

extension Trait where Self == LongRunning {
  /// For suites that wait for processes, or keep a core busy for seconds.
  package static var longRunning: Self { LongRunning() }

  /// For those of them that take minutes.
  package static var longestRunning: Self { LongRunning(goesFirst: true) }
}

/// A number of turns, given in the order in which they are asked for, but for those who go first.
private actor Turns {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func begin(first: Bool) async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.insert($0, at: first ? 0 : waiting.count) }
  }

  func end() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
