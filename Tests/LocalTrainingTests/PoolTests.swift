import LocalTraining
import Synchronization
import Testing

/// The lanes on which clients train.
@Suite(.timeLimit(.minutes(1))) struct PoolTests {
  @Test(arguments: [1, 3])
  func `every index is worked on once, whatever the width`(width: Int) {
    let counts = Mutex(Array(repeating: 0, count: 50))
    TrainingPool(width: width).forEach(50) { index, _ in counts.withLock { $0[index] += 1 } }
    #expect(counts.withLock { $0 } == Array(repeating: 1, count: 50))
  }

  @Test func `jobs of one lane run one after the other, in the order of their submission`() {
    let order = Mutex<[Int]>([])
    let pool = TrainingPool(width: 1)
    for number in 0..<40 { pool.submit { _ in order.withLock { $0.append(number) } } }
    pool.forEach(1) { _, _ in }
    #expect(order.withLock { $0 } == Array(0..<40))
  }

  @Test func `a training that waits for a lane learns that its result isn't needed`() {
    let cancellation = Cancellation()
    #expect(!cancellation.isCancelled)
    let wasCancelled = Mutex(false)
    let pool = TrainingPool(width: 1)
    pool.submit { _ in cancellation.cancel() }
    pool.forEach(1) { _, _ in wasCancelled.withLock { $0 = cancellation.isCancelled } }
    #expect(wasCancelled.withLock { $0 })
  }

  @Test func `a pool without lanes is a programmer's error`() async {
    await #expect(processExitsWith: .failure) { _ = TrainingPool(width: 0) }
  }
}
