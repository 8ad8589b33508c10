package agena.interop;

import java.io.File;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.config.FlushDiskType;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

/** Opens Apache RocketMQ's own store on a folder, with segments small enough to commit. */
final class Stores {
    static final int COMMIT_LOG_SEGMENT_BYTES = 64 * 1024;
    /** 100 units of 20 bytes. */
    static final int CONSUME_QUEUE_FILE_BYTES = 100 * 20;
    static final int INDEX_SLOTS = 64;
    static final int INDEX_ENTRIES = 256;

    private Stores() {
    }

    static MessageStoreConfig smallConfig(File root) {
        MessageStoreConfig config = new MessageStoreConfig();
        config.setStorePathRootDir(root.getPath());
        config.setStorePathCommitLog(new File(root, "commitlog").getPath());
        config.setMappedFileSizeCommitLog(COMMIT_LOG_SEGMENT_BYTES);
        config.setMappedFileSizeConsumeQueue(CONSUME_QUEUE_FILE_BYTES);
        config.setMaxHashSlotNum(INDEX_SLOTS);
        config.setMaxIndexNum(INDEX_ENTRIES);
        config.setFlushDiskType(FlushDiskType.ASYNC_FLUSH);
        config.setHaListenPort(0);
        config.setEnableCompaction(false);
        config.setTimerWheelEnable(false);
        return config;
    }

    /** Opens the store; throws when Java refuses the folder. */
    static DefaultMessageStore open(MessageStoreConfig config) throws Exception {
        DefaultMessageStore store = new DefaultMessageStore(config, new BrokerStatsManager("store", false),
            (topic, queueId, offset, tagsCode, time, bitMap, properties) -> { },
            new BrokerConfig(), new ConcurrentHashMap<>());
        if (!store.load()) {
            store.shutdown();
            throw new IllegalStateException("load refused " + config.getStorePathRootDir());
        }
        store.start();
        awaitDispatched(store);
        return store;
    }

    /** Waits until queues and index hold everything that the log holds. */
    static void awaitDispatched(DefaultMessageStore store) throws InterruptedException {
        long deadline = System.currentTimeMillis() + 20_000;
        while (store.dispatchBehindBytes() > 0) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("dispatch is stuck at " + store.getReputFromOffset());
            }
            Thread.sleep(5);
        }
    }
}
