package agena.interop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageExt;

/** What a consumer has received so far, in the order of arrival. */
final class ConsumedMessages {
    private final List<Map<String, Object>> rows = new ArrayList<>();

    synchronized void addAll(List<MessageExt> messages) {
        messages.forEach(message -> rows.add(row(message, messages.size())));
        notifyAll();
    }

    /** Notes when the listener was done with what was delivered. */
    synchronized void end(List<MessageExt> messages, long atMs) {
        for (MessageExt message : messages) {
            for (int at = rows.size() - 1; at >= 0; at--) {
                Map<String, Object> row = rows.get(at);
                if (row.get("msgId").equals(message.getMsgId()) && row.get("endMs").equals(0L)) {
                    rows.get(at).put("endMs", atMs);
                    break;
                }
            }
        }
    }

    /** Waits for `count` messages, then for anything that comes beyond them in `quietMs`. */
    synchronized List<Object> await(int count, long timeoutMs, long quietMs) throws InterruptedException {
        long deadline = System.currentTimeMillis() + timeoutMs;
        while (rows.size() < count && System.currentTimeMillis() < deadline) {
            wait(Math.max(1, deadline - System.currentTimeMillis()));
        }
        long quietUntil = System.currentTimeMillis() + quietMs;
        while (System.currentTimeMillis() < quietUntil) {
            wait(Math.max(1, quietUntil - System.currentTimeMillis()));
        }
        List<Object> copies = new ArrayList<>();
        rows.forEach(row -> copies.add(new LinkedHashMap<>(row)));
        return copies;
    }

    static Map<String, Object> row(MessageExt message, int batchSize) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("topic", message.getTopic());
        row.put("brokerName", message.getBrokerName());
        row.put("queueId", message.getQueueId());
        row.put("queueOffset", message.getQueueOffset());
        row.put("msgId", message.getMsgId());
        row.put("offsetMsgId", message instanceof MessageClientExt
            ? ((MessageClientExt) message).getOffsetMsgId() : message.getMsgId());
        row.put("tags", message.getTags());
        row.put("keys", message.getKeys());
        row.put("body", new String(message.getBody(), StandardCharsets.UTF_8));
        row.put("flag", message.getFlag());
        row.put("sysFlag", message.getSysFlag());
        row.put("reconsumeTimes", message.getReconsumeTimes());
        row.put("bornTimestamp", message.getBornTimestamp());
        row.put("storeHost", String.valueOf(message.getStoreHost()));
        row.put("properties", new TreeMap<>(message.getProperties()));
        row.put("batchSize", batchSize);
        row.put("startMs", System.currentTimeMillis());
        row.put("endMs", 0L);
        return row;
    }
}
