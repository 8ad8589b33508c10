package agena.interop;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONWriter;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.rocketmq.common.BoundaryType;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.DispatchRequest;
import org.apache.rocketmq.store.GetMessageResult;
import org.apache.rocketmq.store.SelectMappedBufferResult;
import org.apache.rocketmq.store.StoreCheckpoint;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.config.StorePathConfigHelper;
import org.apache.rocketmq.store.index.QueryOffsetResult;
import org.apache.rocketmq.store.queue.ConsumeQueueInterface;
import org.apache.rocketmq.store.queue.CqUnit;
import org.apache.rocketmq.store.queue.ReferredIterator;

/** Everything that an open store holds, read through the store's own methods. */
final class StoreReport {
    private static final int RECORD_MAGIC_AT = 4;

    private final DefaultMessageStore store;

    StoreReport(DefaultMessageStore store) {
        this.store = store;
    }

    Map<String, Object> toMap() throws Exception {
        List<MessageExt> messages = new ArrayList<>();
        List<Object> messageRows = new ArrayList<>();
        walkLog(messages, messageRows);
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("settings", settings());
        Map<String, Object> log = new LinkedHashMap<>();
        log.put("minOffset", store.getMinPhyOffset());
        log.put("maxOffset", store.getMaxPhyOffset());
        report.put("log", log);
        report.put("messages", messageRows);
        report.put("queues", queues());
        report.put("index", index(messages));
        report.put("times", times(messages));
        return report;
    }

    static String toJson(Object value) {
        return JSON.toJSONString(value, JSONWriter.Feature.WriteMapNullValue, JSONWriter.Feature.LargeObject);
    }

    /** The five longs of the checkpoint file, as Java reads them. */
    static Map<String, Object> checkpoint(File root) throws Exception {
        StoreCheckpoint checkpoint = new StoreCheckpoint(StorePathConfigHelper.getStoreCheckpoint(root.getPath()));
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("physicMsgTimestamp", checkpoint.getPhysicMsgTimestamp());
        row.put("logicsMsgTimestamp", checkpoint.getLogicsMsgTimestamp());
        row.put("indexMsgTimestamp", checkpoint.getIndexMsgTimestamp());
        row.put("masterFlushedOffset", checkpoint.getMasterFlushedOffset());
        row.put("confirmPhyOffset", checkpoint.getConfirmPhyOffset());
        return row;
    }

    private Map<String, Object> settings() {
        MessageStoreConfig config = store.getMessageStoreConfig();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("mappedFileSizeCommitLog", config.getMappedFileSizeCommitLog());
        row.put("mappedFileSizeConsumeQueue", config.getMappedFileSizeConsumeQueue());
        row.put("maxHashSlotNum", config.getMaxHashSlotNum());
        row.put("maxIndexNum", config.getMaxIndexNum());
        return row;
    }

    private void walkLog(List<MessageExt> messages, List<Object> rows) throws Exception {
        long offset = store.getMinPhyOffset();
        while (offset >= 0 && offset < store.getMaxPhyOffset()) {
            SelectMappedBufferResult rest = store.getCommitLog().getData(offset, false);
            if (rest == null) {
                return;
            }
            ByteBuffer buffer = rest.getByteBuffer();
            DispatchRequest request = store.getCommitLog().checkMessageAndReturnSize(buffer.slice(), true, false, true);
            if (request.isSuccess() && request.getMsgSize() > 0) {
                ByteBuffer record = store.getCommitLog().getMessage(offset, request.getMsgSize()).getByteBuffer();
                int magic = record.getInt(RECORD_MAGIC_AT);
                MessageExt message = MessageDecoder.decode(record, true, false, false);
                messages.add(message);
                rows.add(messageRow(message, magic));
                offset += request.getMsgSize();
            } else if (request.isSuccess()) {
                offset = store.getCommitLog().rollNextFile(offset);
            } else {
                rest.release();
                return;
            }
            rest.release();
        }
    }

    static Map<String, Object> messageRow(MessageExt message, int magic) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("topic", message.getTopic());
        row.put("queueId", message.getQueueId());
        row.put("queueOffset", message.getQueueOffset());
        row.put("physicalOffset", message.getCommitLogOffset());
        row.put("sizeBytes", message.getStoreSize());
        row.put("version", magic == MessageDecoder.MESSAGE_MAGIC_CODE_V2 ? 2 : 1);
        row.put("msgId", message.getMsgId());
        row.put("uniqueKey", message.getProperty(MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX));
        row.put("keys", message.getKeys());
        row.put("tags", message.getTags());
        row.put("flag", message.getFlag());
        row.put("sysFlag", message.getSysFlag());
        row.put("bornTimestamp", message.getBornTimestamp());
        row.put("bornHost", hostText(message.getBornHost()));
        row.put("storeTimestamp", message.getStoreTimestamp());
        row.put("storeHost", hostText(message.getStoreHost()));
        row.put("reconsumeTimes", message.getReconsumeTimes());
        row.put("preparedTransactionOffset", message.getPreparedTransactionOffset());
        row.put("bodyCrc", message.getBodyCRC());
        byte[] body = message.getBody() == null ? new byte[0] : message.getBody();
        row.put("bodyBase64", Base64.getEncoder().encodeToString(body));
        row.put("properties", new TreeMap<>(message.getProperties()));
        return row;
    }

    private static String hostText(java.net.SocketAddress address) {
        java.net.InetSocketAddress host = (java.net.InetSocketAddress) address;
        String text = host.getAddress().getHostAddress();
        return (text.indexOf(':') >= 0 ? "[" + text + "]" : text) + ":" + host.getPort();
    }

    private List<Object> queues() throws Exception {
        List<Object> rows = new ArrayList<>();
        for (ConsumeQueueInterface queue : sortedQueues()) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("topic", queue.getTopic());
            row.put("queueId", queue.getQueueId());
            row.put("minOffset", store.getMinOffsetInQueue(queue.getTopic(), queue.getQueueId()));
            row.put("maxOffset", store.getMaxOffsetInQueue(queue.getTopic(), queue.getQueueId()));
            row.put("maxPhysicalOffset", queue.getMaxPhysicOffset());
            row.put("units", units(queue));
            row.put("readable", countReadable(queue));
            rows.add(row);
        }
        return rows;
    }

    private List<ConsumeQueueInterface> sortedQueues() {
        List<ConsumeQueueInterface> queues = new ArrayList<>();
        new TreeMap<>(store.getConsumeQueueTable())
            .values().forEach(byId -> queues.addAll(new TreeMap<>(byId).values()));
        return queues;
    }

    private static List<Object> units(ConsumeQueueInterface queue) {
        List<Object> rows = new ArrayList<>();
        ReferredIterator<CqUnit> units = queue.iterateFrom(queue.getMinOffsetInQueue());
        while (units != null) {
            long next = -1;
            while (units.hasNext()) {
                CqUnit unit = units.next();
                rows.add(new Object[] {
                    unit.getQueueOffset(), unit.getPos(), unit.getSize(), String.valueOf(unit.getTagsCode())});
                next = unit.getQueueOffset() + 1;
            }
            units.release();
            units = next < 0 || next >= queue.getMaxOffsetInQueue() ? null : queue.iterateFrom(next);
        }
        return rows;
    }

    /** How many messages a pull from the minimum offset to the end returns. */
    private long countReadable(ConsumeQueueInterface queue) {
        long count = 0;
        long next = queue.getMinOffsetInQueue();
        while (next < queue.getMaxOffsetInQueue()) {
            GetMessageResult result = store.getMessage("report", queue.getTopic(), queue.getQueueId(), next, 32, null);
            count += result.getMessageCount();
            result.release();
            if (result.getNextBeginOffset() <= next) {
                break;
            }
            next = result.getNextBeginOffset();
        }
        return count;
    }

    private List<Object> index(List<MessageExt> messages) {
        Map<String, Set<String>> keysByTopic = new TreeMap<>();
        for (MessageExt message : messages) {
            Set<String> keys = keysByTopic.computeIfAbsent(message.getTopic(), topic -> new LinkedHashSet<>());
            String unique = message.getProperty(MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
            if (unique != null) {
                keys.add(unique);
            }
            if (message.getKeys() != null) {
                keys.addAll(List.of(message.getKeys().split(MessageConst.KEY_SEPARATOR)));
            }
        }
        List<Object> rows = new ArrayList<>();
        keysByTopic.forEach((topic, keys) -> keys.forEach(key -> {
            QueryOffsetResult found = store.getIndexService().queryOffset(topic, key, 1000, 0, Long.MAX_VALUE);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("topic", topic);
            row.put("key", key);
            row.put("physicalOffsets", new ArrayList<>(found.getPhyOffsets()));
            rows.add(row);
        }));
        return rows;
    }

    /** Look-ups by store time at every queue's first, middle and last message, and around them. */
    private List<Object> times(List<MessageExt> messages) throws Exception {
        List<Object> rows = new ArrayList<>();
        for (ConsumeQueueInterface queue : sortedQueues()) {
            long[] stamps = messages.stream()
                .filter(m -> m.getTopic().equals(queue.getTopic()) && m.getQueueId() == queue.getQueueId())
                .mapToLong(MessageExt::getStoreTimestamp).sorted().toArray();
            if (stamps.length == 0) {
                continue;
            }
            Set<Long> asked = new LinkedHashSet<>(List.of(stamps[0] - 1, stamps[0], stamps[stamps.length / 2],
                stamps[stamps.length / 2] + 1, stamps[stamps.length - 1], stamps[stamps.length - 1] + 1));
            for (long stamp : asked) {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("topic", queue.getTopic());
                row.put("queueId", queue.getQueueId());
                row.put("timestamp", stamp);
                row.put("lower", timeOffset(queue, stamp, BoundaryType.LOWER));
                row.put("upper", timeOffset(queue, stamp, BoundaryType.UPPER));
                rows.add(row);
            }
        }
        return rows;
    }

    private long timeOffset(ConsumeQueueInterface queue, long stamp, BoundaryType boundary) {
        return store.getOffsetInQueueByTime(queue.getTopic(), queue.getQueueId(), stamp, boundary);
    }
}
