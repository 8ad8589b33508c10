import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExtBatch;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.PutMessageResult;
import org.apache.rocketmq.store.config.FlushDiskType;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

/**
 * Appends to Apache RocketMQ's own store in this process, from one thread with a number of appends
 * in flight, and prints what that took as one JSON object. The arguments: folder, body bytes,
 * messages an append, appends in flight, sync or async, warm-up ms, measured ms.
 */
public final class AppendLoad {
    private static final String TOPIC = "AgenaBench";
    private static final int QUEUES = 8;
    private static final InetSocketAddress HOST = new InetSocketAddress("127.0.0.1", 10911);
    /** One count for each 100 ns up to a second; what is slower counts as a second. */
    private static final int BUCKET_NANOS = 100;
    private static final int BUCKETS = 10_000_000;

    private final DefaultMessageStore store;
    private final byte[] body;
    private final int batch;
    private final int inFlight;
    private final AtomicLongArray buckets = new AtomicLongArray(BUCKETS + 1);
    private final AtomicLong failures = new AtomicLong();

    private AppendLoad(DefaultMessageStore store, int bodyBytes, int batch, int inFlight) {
        this.store = store;
        this.body = new byte[bodyBytes];
        Arrays.fill(body, (byte) 'x');
        this.batch = batch;
        this.inFlight = inFlight;
    }

    public static void main(String[] words) {
        try {
            measure(words);
            // A stop would flush gigabytes of a folder that is removed next.
            Runtime.getRuntime().halt(0);
        } catch (Exception error) {
            error.printStackTrace();
            // The store's own threads would keep the process alive.
            Runtime.getRuntime().halt(1);
        }
    }

    private static void measure(String[] words) throws Exception {
        boolean isSync = words[4].equals("sync");
        DefaultMessageStore store = open(new File(words[0]), isSync);
        AppendLoad load = new AppendLoad(store, Integer.parseInt(words[1]),
            Integer.parseInt(words[2]), Integer.parseInt(words[3]));
        load.run(Long.parseLong(words[5]));
        OperatingSystemMXBean system =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpuStart = system.getProcessCpuTime();
        long start = System.nanoTime();
        long messages = load.run(Long.parseLong(words[6]));
        long elapsed = System.nanoTime() - start;
        awaitDispatched(store);
        double cpuUs = (system.getProcessCpuTime() - cpuStart) / 1e3;
        System.out.printf(Locale.ROOT, "{\"ratePerSecond\":%f,\"cpuUs\":%f,\"p50Us\":%f,"
            + "\"p99Us\":%f,\"p999Us\":%f,\"refusalCount\":%d}%n", messages * 1e9 / elapsed,
            cpuUs / messages, load.percentile(50), load.percentile(99), load.percentile(99.9),
            load.failures.get());
        System.out.flush();
    }

    private static DefaultMessageStore open(File root, boolean isSync) throws Exception {
        MessageStoreConfig config = new MessageStoreConfig();
        config.setStorePathRootDir(root.getPath());
        config.setStorePathCommitLog(new File(root, "commitlog").getPath());
        config.setFlushDiskType(isSync ? FlushDiskType.SYNC_FLUSH : FlushDiskType.ASYNC_FLUSH);
        config.setHaListenPort(0);
        DefaultMessageStore store = new DefaultMessageStore(config,
            new BrokerStatsManager("store", false),
            (topic, queueId, offset, tagsCode, time, bitMap, properties) -> { },
            new BrokerConfig(), new ConcurrentHashMap<>());
        if (!store.load()) {
            throw new IllegalStateException("the store does not load");
        }
        store.start();
        return store;
    }

    private static void awaitDispatched(DefaultMessageStore store) throws InterruptedException {
        while (store.dispatchBehindBytes() > 0) {
            Thread.sleep(1);
        }
    }

    /** Appends for so long; returns how many messages were acknowledged. */
    private long run(long durationMs) throws Exception {
        for (int at = 0; at <= BUCKETS; at++) {
            buckets.set(at, 0);
        }
        failures.set(0);
        Semaphore free = new Semaphore(inFlight);
        AtomicLong acked = new AtomicLong();
        long end = System.nanoTime() + durationMs * 1_000_000;
        for (int sent = 0; ; sent++) {
            free.acquire();
            long since = System.nanoTime();
            if (since >= end) {
                free.release();
                break;
            }
            append(sent % QUEUES).whenComplete((result, error) -> {
                if (error == null && result.isOk()) {
                    acked.addAndGet(batch);
                } else {
                    failures.incrementAndGet();
                }
                buckets.incrementAndGet((int) Math.min((System.nanoTime() - since) / BUCKET_NANOS, BUCKETS));
                free.release();
            });
        }
        free.acquire(inFlight);
        return acked.get();
    }

    private CompletableFuture<PutMessageResult> append(int queueId) {
        if (batch == 1) {
            MessageExtBrokerInner message = new MessageExtBrokerInner();
            message.setBody(body);
            return store.asyncPutMessage(stamp(message, queueId));
        }
        List<Message> messages = new ArrayList<>(Collections.nCopies(batch, new Message(TOPIC, body)));
        MessageExtBatch together = new MessageExtBatch();
        together.setBody(MessageDecoder.encodeMessages(messages));
        return store.asyncPutMessages((MessageExtBatch) stamp(together, queueId));
    }

    private static MessageExtBrokerInner stamp(MessageExtBrokerInner message, int queueId) {
        MessageAccessor.setProperties(message, new HashMap<>());
        message.setPropertiesString("");
        message.setTopic(TOPIC);
        message.setQueueId(queueId);
        message.setBornTimestamp(System.currentTimeMillis());
        message.setBornHost(HOST);
        message.setStoreHost(HOST);
        return message;
    }

    /** In microseconds. */
    private double percentile(double percent) {
        long total = 0;
        for (int at = 0; at <= BUCKETS; at++) {
            total += buckets.get(at);
        }
        long rest = (long) Math.ceil(total * percent / 100);
        for (int at = 0; at <= BUCKETS; at++) {
            rest -= buckets.get(at);
            if (rest <= 0) {
                return at * BUCKET_NANOS / 1e3;
            }
        }
        return BUCKETS * BUCKET_NANOS / 1e3;
    }
}
