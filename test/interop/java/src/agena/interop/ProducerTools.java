package agena.interop;

import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageQueue;

/** Sends with Apache RocketMQ's producer. */
final class ProducerTools {
    private static final long ONE_WAY_DRAIN_MS = 300;
    private static final long ASYNC_TIMEOUT_MS = 20_000;

    /**
     * `nameServer`, `topic`, `mode` (sync, async, oneway or batch), and `messages`: a list of
     * `body`, and optionally `tags`, `keys` (a list), `properties`, `delayLevel`, `deliverAfterMs`.
     * With `queueIds`, a sync send puts message after message into these queues in turn. With
     * `compressType`, bodies are compressed so.
     */
    Object produce(JSONObject request) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(request.getString("group"));
        producer.setNamesrvAddr(request.getString("nameServer"));
        producer.setInstanceName(UUID.randomUUID().toString());
        producer.setSendMsgTimeout(10_000);
        producer.setRetryTimesWhenSendFailed(request.getIntValue("retries", 2));
        producer.setRetryTimesWhenSendAsyncFailed(request.getIntValue("retries", 2));
        if (request.containsKey("compressType")) {
            producer.setCompressType(CompressionType.of(request.getString("compressType")));
        }
        producer.start();
        Map<String, Object> result = new LinkedHashMap<>();
        try {
            result.put("sent", request.containsKey("queueIds")
                ? sendToQueues(producer, request.getList("queueIds", Integer.class), messages(request))
                : send(producer, request.getString("mode"), messages(request)));
        } catch (MQBrokerException | MQClientException failure) {
            result.put("failure", failureRow(failure));
        } finally {
            producer.shutdown();
        }
        return result;
    }

    private static List<Message> messages(JSONObject request) {
        List<Message> messages = new ArrayList<>();
        JSONArray rows = request.getJSONArray("messages");
        for (int at = 0; at < rows.size(); at++) {
            JSONObject row = rows.getJSONObject(at);
            Message message = new Message(request.getString("topic"),
                row.getString("body").getBytes(StandardCharsets.UTF_8));
            if (row.containsKey("tags")) {
                message.setTags(row.getString("tags"));
            }
            if (row.containsKey("keys")) {
                message.setKeys(row.getList("keys", String.class));
            }
            if (row.containsKey("properties")) {
                row.getJSONObject("properties").forEach((name, value) ->
                    message.putUserProperty(name, String.valueOf(value)));
            }
            if (row.containsKey("delayLevel")) {
                message.setDelayTimeLevel(row.getIntValue("delayLevel"));
            }
            if (row.containsKey("deliverAfterMs")) {
                message.setDelayTimeMs(row.getLongValue("deliverAfterMs"));
            }
            if (row.containsKey("prepared")) {
                MessageAccess.put(message, MessageConst.PROPERTY_TRANSACTION_PREPARED, "true");
            }
            messages.add(message);
        }
        return messages;
    }

    private static List<Object> send(DefaultMQProducer producer, String mode, List<Message> messages)
        throws Exception {
        List<Object> rows = new ArrayList<>();
        switch (mode) {
            case "sync":
                for (Message message : messages) {
                    rows.add(resultRow(producer.send(message)));
                }
                return rows;
            case "async":
                return sendAsync(producer, messages);
            case "oneway":
                for (Message message : messages) {
                    producer.sendOneway(message);
                }
                Thread.sleep(ONE_WAY_DRAIN_MS);
                return rows;
            case "batch":
                rows.add(resultRow(producer.send(messages)));
                return rows;
            default:
                throw new IllegalArgumentException("no such mode: " + mode);
        }
    }

    private static List<Object> sendToQueues(DefaultMQProducer producer, List<Integer> queueIds,
        List<Message> messages) throws Exception {
        List<Object> rows = new ArrayList<>();
        List<MessageQueue> queues = producer.fetchPublishMessageQueues(messages.get(0).getTopic());
        for (int at = 0; at < messages.size(); at++) {
            int queueId = queueIds.get(at % queueIds.size());
            MessageQueue target = queues.stream().filter(queue -> queue.getQueueId() == queueId).findFirst().get();
            rows.add(resultRow(producer.send(messages.get(at), target)));
        }
        return rows;
    }

    private static List<Object> sendAsync(DefaultMQProducer producer, List<Message> messages) throws Exception {
        Object[] rows = new Object[messages.size()];
        CountDownLatch done = new CountDownLatch(rows.length);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        for (int at = 0; at < rows.length; at++) {
            int row = at;
            producer.send(messages.get(at), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    rows[row] = resultRow(result);
                    done.countDown();
                }

                @Override
                public void onException(Throwable cause) {
                    failure.set(cause);
                    done.countDown();
                }
            });
        }
        if (!done.await(ASYNC_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException(done.getCount() + " of " + rows.length + " sends are unanswered");
        }
        if (failure.get() != null) {
            throw new IllegalStateException(failure.get());
        }
        return List.of(rows);
    }

    private static Map<String, Object> resultRow(SendResult result) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("status", result.getSendStatus().name());
        row.put("msgId", result.getMsgId());
        row.put("offsetMsgId", result.getOffsetMsgId());
        row.put("queueId", result.getMessageQueue().getQueueId());
        row.put("brokerName", result.getMessageQueue().getBrokerName());
        row.put("queueOffset", result.getQueueOffset());
        row.put("regionId", result.getRegionId());
        return row;
    }

    /** The code is the broker's, or the client's own of 10000 and above. */
    private static Map<String, Object> failureRow(Exception failure) {
        Map<String, Object> row = new LinkedHashMap<>();
        boolean isBroker = failure instanceof MQBrokerException;
        row.put("exception", failure.getClass().getSimpleName());
        row.put("code", isBroker ? ((MQBrokerException) failure).getResponseCode()
            : ((MQClientException) failure).getResponseCode());
        row.put("message", failure.getMessage());
        return row;
    }
}
